package httpapi

// Plain says whether a token is good and written as GitLab Shell and Gitaly do.
func (t *TokenChecker) Plain(token string, keys [][]byte) bool { return t.plain(token, keys) }
