{{- /* Who pushed where, and the banners that are shown now, the latest start
       first; with Refs what the hooks want that hear of the project. */ -}}

SELECT {{.Open}}{{template "actor columns" .}}, p.id, p.path, p.default_branch, (
    SELECT json_agg(json_build_object('message', b.message, 'target', b.target_path) ORDER BY b.starts_at DESC NULLS LAST, b.id DESC)
    FROM broadcasts b
    WHERE b.type = 'banner' AND b.show_in_git
        AND (b.starts_at IS NULL OR b.starts_at <= {{.Arg "now"}}) AND (b.ends_at IS NULL OR b.ends_at > {{.Arg "now"}})
)
{{- if .Refs}},
    (
        SELECT json_agg(json_build_object('push', h.push, 'tag', h.tag_push, 'branches', h.branches, 'strategy', h.strategy))
        FROM (
            SELECT own.push, own.tag_push, own.branches, own.strategy FROM hooks own WHERE own.project_id = p.id AND NOT own.disabled
            UNION
            SELECT above.push, above.tag_push, above.branches, above.strategy
            FROM namespace_closure c
            CROSS JOIN LATERAL (SELECT * FROM hooks WHERE group_id = c.ancestor_id AND NOT disabled OFFSET 0) above
            WHERE c.descendant_id = p.namespace_id
        ) h
    )
{{- end}}
{{.Close}} FROM {{template "actor" .}}
{{template "place" .}}
