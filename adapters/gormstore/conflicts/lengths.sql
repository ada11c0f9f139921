-- E-mails and patterns that are too long for an index, with the user's name or the
-- project's path.
SELECT count(*) OVER (), kind, id, name, size FROM (
    SELECT 'user' AS kind, id, username AS name, {{if .Postgres}}octet_length(email){{else}}length(CAST(email AS blob)){{end}} AS size, CAST({{.Arg "email"}} AS integer) AS most
    FROM users
    UNION ALL
    SELECT 'protection', p.id, projects.path, {{if .Postgres}}octet_length(p.pattern){{else}}length(CAST(p.pattern AS blob)){{end}}, CAST({{.Arg "pattern"}} AS integer)
    FROM protections p JOIN projects ON projects.id = p.project_id
) AS texts
WHERE size > most
ORDER BY kind DESC, id
LIMIT {{.Arg "limit"}}
