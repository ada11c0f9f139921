{{- /* How many members and projects there are in a namespace and below. */ -}}

WITH tree AS (SELECT descendant_id AS id FROM namespace_closure WHERE ancestor_id = {{.Arg "namespace"}})
SELECT
    (SELECT count(DISTINCT m.user_id) FROM tree JOIN members m ON m.group_id = tree.id WHERE {{template "active member" .}}),
    (SELECT count(*) FROM tree JOIN projects p ON p.namespace_id = tree.id WHERE NOT p.pending_delete)
