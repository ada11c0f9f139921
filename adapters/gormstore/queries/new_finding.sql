{{- /* Adds a finding, unless there is one of its uuid. */ -}}

INSERT INTO findings (
    uuid, project_id, agent_id, author_id,
    report_type, state, title, severity, confidence,
    message, description, solution, location,
    identifiers, links, scanner_id, scanner_name, scanner_vendor,
    resolved_on_default_branch, detected_at
) VALUES (
    {{.Arg "uuid"}}, {{.Arg "project"}}, {{.Arg "agent"}}, (SELECT id FROM users WHERE id = {{.Arg "author"}}),
    {{.Arg "report_type"}}, {{.Arg "state"}}, {{.Arg "title"}}, {{.Arg "severity"}}, {{.Arg "confidence"}},
    {{.Arg "message"}}, {{.Arg "description"}}, {{.Arg "solution"}}, {{.Arg "location"}},
    {{.Arg "identifiers"}}, {{.Arg "links"}}, {{.Arg "scanner_id"}}, {{.Arg "scanner_name"}}, {{.Arg "scanner_vendor"}},
    false, {{.Arg "detected_at"}}
)
ON CONFLICT (uuid) DO NOTHING
