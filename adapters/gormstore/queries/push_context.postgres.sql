{{- /* Who pushed where, and the banners that are shown now, the latest start
       first. */ -}}

SELECT {{template "actor columns" .}}, p.id, p.path, p.default_branch, (
    SELECT json_agg(json_build_object('message', b.message, 'target', b.target_path) ORDER BY b.starts_at DESC NULLS LAST, b.id DESC)
    FROM broadcasts b
    WHERE b.type = 'banner' AND b.show_in_git
        AND (b.starts_at IS NULL OR b.starts_at <= {{.Arg "now"}}) AND (b.ends_at IS NULL OR b.ends_at > {{.Arg "now"}})
)
FROM {{template "actor" .}}
{{template "place" .}}
