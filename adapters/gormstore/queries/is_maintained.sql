{{- /* Whether a deploy key is enabled on a project in which a user is a maintainer or more. */ -}}

SELECT EXISTS (
    SELECT 1
    FROM deploy_key_projects e
    {{.Join}} projects p ON p.id = e.project_id
    {{.Join}} namespaces n ON n.id = p.namespace_id
    WHERE e.key_id = {{.Arg "key"}} AND NOT p.pending_delete AND NOT n.hidden AND {{template "maintained by" .With "user" (.Arg "user")}}
)
