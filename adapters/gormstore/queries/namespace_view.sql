{{- /* A group or personal namespace, what a user may do there, and what its root has
       subscribed to. It is found by its path, or by its number if no path leads to it. */ -}}

SELECT n.id, n.name, n.path, n.parent_id, n.owner_id, n.visibility,
    CASE WHEN n.owner_id = {{.Arg "user"}} THEN 50
        ELSE coalesce({{template "role" .With "user" (.Arg "user") "group" "n.id"}}, 0) END,
    b.namespace_id, b.plan, b.seats_in_use, b.max_seats_used, b.max_seats_used_changed_at, b.trial, b.trial_ends_on, b.end_date
FROM namespaces n
LEFT JOIN subscriptions b ON b.namespace_id = coalesce(n.root_id, n.id)
WHERE n.id = coalesce((SELECT r.namespace_id FROM routes r WHERE r.path = {{.Arg "path"}}), {{.Arg "id"}}) AND NOT n.hidden
