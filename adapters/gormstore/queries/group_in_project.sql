{{- /* Whether members of a group have a role in a project: the group is above it, or has a
       share in it or in a group above it. */ -}}

SELECT EXISTS (
    SELECT 1
    FROM projects p {{.Join}} namespace_closure c ON c.descendant_id = p.namespace_id
    {{.Join}} namespaces g ON g.id = c.ancestor_id
    WHERE p.id = {{.Arg "project"}} AND c.ancestor_id = {{.Arg "group"}} AND g.owner_id IS NULL
) OR EXISTS (
    SELECT 1
    FROM shares s
    WHERE s.with_id = {{.Arg "group"}} AND {{template "valid share" .}} AND (
        s.project_id = {{.Arg "project"}}
        OR s.group_id IN (
            SELECT c.ancestor_id
            FROM projects p {{.Join}} namespace_closure c ON c.descendant_id = p.namespace_id
            WHERE p.id = {{.Arg "project"}}))
)
