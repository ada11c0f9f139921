{{- /* All facts for one decision, in one row: who asks, what stands at the
       target, and the actor's role there.

       It costs the same however many users, projects and memberships there
       are: every step is a probe of an index. What is inherited from the groups
       above comes from the closure table, without recursion. Subqueries keep the
       probes of members what they are, one by user and holder each; of a join the
       planner would make one that reads all memberships of a user. They are also
       what costs least to set up, which is most of the cost. */ -}}

SELECT {{.Open}}{{template "actor columns" .}},
    p.way, p.id, p.path, p.visibility, p.archived, p.read_only, p.repository, p.wiki, p.lfs,
    p.default_branch, p.empty, p.storage, p.legacy_path, p.default_branch_protection, p.branch_defaults,
    p.root_id, p.root_path, p.root_owner_id, p.allowed_ips, p.protocols, p.require_ssh_certificates,
{{- if .Rare}}
    CASE WHEN k.kind = 'deploy_key' THEN
        (SELECT e.can_push FROM deploy_key_projects e WHERE e.key_id = k.id AND e.project_id = p.id) END,
    EXISTS (SELECT 1 FROM otp_sessions o
        WHERE o.user_id = u.id AND o.key_id = coalesce(k.id, 0) AND o.expires_at > {{.Arg "now"}}),
{{- else}}
    NULL::boolean, false,
{{- end}}
    CASE WHEN p.root_owner_id = u.id THEN 50 ELSE role.level END
{{- if .Refs}},
    protections.entries
{{- end}}
{{.Close}} FROM {{template "actor" .}}
{{template "place" .}}
LEFT JOIN LATERAL {{template "role" .With "user" "u.id" "group" "p.namespace_id" "project" "p.id"}} role ON true
{{- if .Refs}}

-- The protections with an element for each entry. One for a group says whether
-- the user is a member there, by whatever role but minimal.
LEFT JOIN LATERAL (
    SELECT json_agg(json_build_object(
        'id', pr.id, 'kind', pr.kind, 'pattern', pr.pattern, 'force', pr.allow_force_push,
        'verb', e.verb, 'level', e.level, 'user', e.user_id, 'group', e.group_id, 'key', e.key_id,
        'member', e.group_id IS NOT NULL AND EXISTS (
            SELECT 1
            FROM namespace_closure c
            CROSS JOIN LATERAL (
                SELECT m.level FROM members m
                WHERE m.user_id = u.id AND m.holder = c.ancestor_id AND m.level > 5
                    AND {{template "active member" .}}
                OFFSET 0
            ) member
            WHERE c.descendant_id = e.group_id
        )
    ) ORDER BY pr.id, e.id) AS entries
    FROM protections pr LEFT JOIN protection_entries e ON e.protection_id = pr.id AND e.verb <> 'unprotect'
    WHERE pr.project_id = p.id
) protections ON true
{{- end}}
