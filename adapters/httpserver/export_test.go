package httpserver

// StartPrivate is what listen does to a socket that has no address yet.
var StartPrivate = startPrivate
