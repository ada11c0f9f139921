-- Users who have an e-mail that another user has, those of one e-mail together.
WITH doubles AS (
    SELECT lower(email{{if .Postgres}} COLLATE "C"{{end}}) AS address, min(id) AS lowest, count(*) AS size
    FROM users WHERE email <> ''
    GROUP BY 1 HAVING count(*) > 1
), listed AS (
    SELECT address, lowest, size, (SELECT count(*) FROM doubles) AS all_doubles
    FROM doubles ORDER BY lowest LIMIT {{.Arg "limit"}}
)
SELECT listed.all_doubles, listed.lowest, listed.size, u.id, u.username, u.email
FROM users u JOIN listed ON listed.address = lower(u.email{{if .Postgres}} COLLATE "C"{{end}})
ORDER BY listed.lowest, u.id
