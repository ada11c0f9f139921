{{- /* Who an agent's token belongs to, and the agent's project, whose columns are
       null if it is going to be deleted. */ -}}

SELECT {{.Open}}
    t.id, t.revoked, t.last_used_at, a.id, a.name, a.project_id, a.creator_id,
    p.id, p.path, p.visibility, p.repository, p.default_branch, p.storage, p.legacy_path
{{.Close}} FROM agent_tokens t
JOIN agents a ON a.id = t.agent_id
LEFT JOIN projects p ON p.id = a.project_id AND NOT p.pending_delete
    AND NOT (SELECT n.hidden FROM namespaces n WHERE n.id = p.namespace_id)
WHERE t.digest = {{.Arg "digest"}}
