package cli

import (
	"cmp"
	"context"
	"errors"
	"strings"

	"github.com/spf13/cobra"

	"gatehouse/adapters/explanation"
	"gatehouse/application/gitaccess"
	"gatehouse/bootstrap"
	"gatehouse/domain/identity"
	"gatehouse/domain/rights"
	"gatehouse/domain/source"
)

// question holds the flags of explain as they were typed.
type question struct {
	key, user, userID     string
	project, glRepository string
	action, protocol, ip  string
	namespace             string
	scopes                []string
	may, on               string
	member, to            string
	refs                  []string
	change, old, new      string
}

func explain(streams Streams) *cobra.Command {
	var flags configFlags
	var q question
	var asJSON, schema bool
	var c *cobra.Command
	c = &cobra.Command{
		Use:   "explain",
		Short: "Tell why a Git command, or a right, would be allowed or refused",
		Long: `Tell why a Git command would be allowed or refused: the verdict and the rule that
decided, who asks and where their role comes from, which protections match, what it
would take, and the result of every rule. The decision is the server's own, on the
same data, but it does not count for the rate limit and writes nothing. A project is
shown even if the user cannot see it.

--key takes the number of a key, its fingerprint (SHA256:…), a public key, or the file
of one; - is standard input. A number that no key has is a stranger, as for the server.
Without --key, --user or --user-id the request is anonymous.

The exit code is 0 whatever the verdict, and 1 if no key with the fingerprint is known:
then SSH itself refuses the login.

Without --old and --new the refs have made-up objects: with a connected Gitaly, which
does not have them, an update counts as a fast-forward.

--json prints an object that --schema describes, as a JSON Schema.

With --may it tells instead whether a user may use a right of the management API, on the
group, project or user that --on names: by path or username, a group or project also by
number. Its --json is another object, which --may --schema describes. The rights are
` + wrapped(rights.Rights()) + `.
Of admin_group_member and admin_project_member --member and --to name a change: the
member, and the role that they would get, or none to remove them.`,
		Example: "  gatehouse explain --key 11 --project gnuwget/wget2 --action git-receive-pack --ref refs/heads/main\n" +
			"  gatehouse explain --key ~/.ssh/id_ed25519.pub --project gnuwget/wget2 --ref refs/heads/main --change delete\n" +
			"  gatehouse explain --key SHA256:1qPsHXu1alox28Isr15aDy/S3VDW0U+H0O0lAxM26es --project gnuwget/wget2.wiki\n" +
			"  gatehouse explain --user rubi --gl-repository project-3 --ip 192.0.2.7 --json\n" +
			"  gatehouse explain --user rubi --project gnuwget/wget2 --action git-receive-pack --token-scopes read_repository\n" +
			"  gatehouse explain --may admin_group_member --user rubi --on gnuwget\n" +
			"  gatehouse explain --may admin_group_member --user rubi --on gnuwget --member bob --to developer",
		Args: cobra.NoArgs,
		RunE: action(func(ctx context.Context, _ []string) error {
			if schema || q.may == "--schema" { // which pflag takes for the value of --may
				_, err := streams.Out.Write(q.schema())
				return err
			}
			if err := checkTogether(c); err != nil {
				return err
			}
			if q.may != "" || q.on != "" || q.member != "" {
				return q.explainRight(ctx, &flags, streams, c, asJSON)
			}
			if err := requireFilled(c, "key", "user", "user-id", "project", "gl-repository", "ip", "namespace-path", "old", "new"); err != nil {
				return err
			}
			request, err := q.request()
			if err != nil {
				return err
			}
			print, err := q.fingerprint(streams.In)
			if err != nil {
				return err
			}
			return flags.openStore(ctx, streams, noMigrate, func(s store) (err error) {
				if print != "" {
					if request.Claim, err = keyOf(ctx, s.Actors, print); err != nil {
						return err
					}
				}
				explainer, stop, err := bootstrap.Explainer(s.config, s.Ports)
				if err != nil {
					return err
				}
				defer func() { err = errors.Join(err, stop()) }()
				if s.config.Gitaly.Connect && len(s.config.Gitaly.Storages) > 0 && q.old == "" {
					assumeFastForward(request.Changes)
				}
				explained, err := explainer.Explain(ctx, request)
				switch {
				case err != nil:
					return err
				case asJSON:
					return writeJSON(streams.Out, explanation.New(explained))
				default:
					return printExplanation(streams.Out, explained)
				}
			})
		}),
	}
	flags.add(c)
	q.add(c)
	jsonFlag(c, &asJSON)
	c.Flags().BoolVar(&schema, "schema", false, "print the JSON Schema of --json, and nothing else")
	return c
}

func (q *question) add(c *cobra.Command) {
	f := c.Flags()
	f.StringVar(&q.key, "key", "", "SSH key or deploy key that is used: `KEY` is its number, its fingerprint or its public key file")
	f.StringVar(&q.user, "user", "", "username of the user who asks")
	f.StringVar(&q.userID, "user-id", "", "`NUMBER` of the user who asks")
	f.StringVar(&q.may, "may", "", "`RIGHT` of the management API, such as admin_group")
	f.StringVar(&q.on, "on", "", "`PATH` or number of the group or project, or name of the user, that the right is on")
	f.StringVar(&q.member, "member", "", "`NAME` of the user whose membership would change")
	f.StringVar(&q.to, "to", "", "`ROLE` that the member would get: minimal, guest, …, owner, or none")
	f.StringVar(&q.project, "project", "", "`PATH` of the project; append .wiki for its wiki")
	f.StringVar(&q.glRepository, "gl-repository", "", "repository as project-3 or wiki-3")
	f.StringVar(&q.action, "action", "", "git-upload-pack, git-receive-pack or git-upload-archive (default git-receive-pack with --ref, else git-upload-pack)")
	f.StringVar(&q.protocol, "protocol", "", "ssh, http or web (default http with --token-scopes, else ssh)")
	f.StringVar(&q.ip, "ip", "", "`ADDRESS` that the client connects from")
	f.StringVar(&q.namespace, "namespace-path", "", "`PATH` of the only group that the SSH certificate is for")
	f.StringSliceVar(&q.scopes, "token-scopes", nil, "`SCOPES` of the access token that the user shows, as in read_repository,api; the protocol is http then")
	f.StringArrayVar(&q.refs, "ref", nil, "full name of a `REF` that is pushed; repeatable")
	f.StringVar(&q.change, "change", "update", "what happens to the refs: create, update or delete")
	f.StringVar(&q.old, "old", "", "`SHA` of the refs before the push")
	f.StringVar(&q.new, "new", "", "`SHA` of the refs after the push")
}

// schema returns that of the object which --json prints.
func (q *question) schema() []byte {
	if q.may != "" {
		return explanation.RightSchema
	}
	return explanation.Schema
}

// exclusive are flags of which explain takes one at most, with what to do about two.
var exclusive = []struct{ one, other, advice string }{
	{"may", "key", "a right is a user's: name them by --user"},
	{"may", "user-id", "name the user by --user"},
	{"may", "project", "name the project that the right is on by --on"},
	{"may", "gl-repository", "name the project that the right is on by --on"},
	{"may", "action", "that is for Git commands"},
	{"may", "protocol", "that is for Git commands"},
	{"may", "ip", "that is for Git commands"},
	{"may", "namespace-path", "that is for Git commands"},
	{"may", "token-scopes", "that is for Git commands"},
	{"may", "ref", "that is for Git commands"},
	{"may", "change", "that is for Git commands"},
	{"may", "old", "that is for Git commands"},
	{"may", "new", "that is for Git commands"},
	{"key", "token-scopes", "a token is shown over HTTP: name its user by --user"},
	{"key", "user", "each says who asks: leave one of them out"},
	{"key", "user-id", "each says who asks: leave one of them out"},
	{"user", "user-id", "each says who asks: leave one of them out"},
	{"project", "gl-repository", "each names the repository: leave one of them out"},
	{"change", "old", "--old and --new say what happens to the refs: leave --change out"},
}

// checkTogether refuses flags that do not fit together, or that lack another one.
func checkTogether(c *cobra.Command) error {
	given := c.Flags().Changed
	for _, pair := range exclusive {
		if given(pair.one) && given(pair.other) {
			return usageErrorf("--%s does not go with --%s: %s", pair.one, pair.other, pair.advice)
		}
	}
	switch {
	case given("on") && !given("may"):
		return usageErrorf("--on is for a right: name it by --may")
	case given("member") && !given("may"):
		return usageErrorf("--member is for a right: name it by --may")
	case given("member") != given("to"):
		return usageErrorf("--member and --to go together: give both")
	case !given("may") && !given("project") && !given("gl-repository"):
		return usageErrorf("name what is asked for: a project by --project or --gl-repository, or a right of the management API by --may")
	case given("old") != given("new"):
		return usageErrorf("--old and --new go together: give both")
	}
	return nil
}

// requireFilled refuses flags that are given empty, as by a variable that is not set:
// without them the question would be another one.
func requireFilled(c *cobra.Command, names ...string) error {
	for _, name := range names {
		if f := c.Flags().Lookup(name); f.Changed && f.Value.String() == "" {
			return usageErrorf("--%s is empty", name)
		}
	}
	return nil
}

// request returns the request that the server would get.
func (q *question) request() (gitaccess.Request, error) {
	out := gitaccess.Request{Request: source.Request{
		Protocol: source.Protocol(strings.ToLower(cmp.Or(q.protocol, q.defaultProtocol()))), NamespacePath: q.namespace,
		Command: source.Command(cmp.Or(q.action, q.defaultAction())),
	}}
	if q.scopes != nil {
		out.Token = &identity.AccessToken{Scopes: identity.SplitScopes(q.scopes)}
		if refusal := identity.CheckScopes(out.Token.Scopes, identity.GrantedScopes); refusal != nil {
			return out, usageErrorf("--token-scopes: %s", refusal.Message)
		}
	}
	var err error
	if out.Claim, err = q.claim(); err != nil {
		return out, err
	}
	if out.Target, err = q.target(); err != nil {
		return out, err
	}
	if out.Changes, err = q.changes(); err != nil {
		return out, err
	}
	if len(out.Changes) > 0 && !out.Pushes() {
		return out, usageErrorf("--ref is for --action %s", source.ReceivePack)
	}
	if q.ip != "" {
		address, ok := source.ParseAddress(q.ip)
		if !ok {
			return out, usageErrorf("--ip %q is not an IP address", q.ip)
		}
		out.Address, out.AddressGiven = address, true
	}
	return out, nil
}

func (q *question) defaultAction() string {
	if len(q.refs) > 0 {
		return string(source.ReceivePack)
	}
	return string(source.UploadPack)
}

func (q *question) defaultProtocol() string {
	if q.scopes != nil {
		return string(source.HTTP)
	}
	return string(source.SSH)
}

func (q *question) claim() (claim identity.Claim, err error) {
	switch {
	case q.key != "":
		claim = identity.ClaimKey(strings.TrimPrefix(q.key, "key-"))
		if claim.Kind == identity.Unresolvable { // not a number: see fingerprint
			return identity.Claim{}, nil
		}
	case q.userID != "":
		claim = identity.ClaimUser(strings.TrimPrefix(q.userID, "user-"))
	case q.user != "":
		claim = identity.ClaimName(q.user)
	}
	if claim.Kind == identity.Unresolvable {
		return claim, usageErrorf("--user-id takes a number")
	}
	return claim, nil
}

func (q *question) target() (source.Target, error) {
	if q.glRepository != "" {
		id, ok := source.ParseRepositoryID(q.glRepository)
		if !ok {
			return source.Target{}, usageErrorf("--gl-repository %q is not of the form project-3 or wiki-3", q.glRepository)
		}
		return source.Target{Repository: id}, nil
	}
	path, ok := source.ParsePath(q.project)
	if !ok {
		return source.Target{}, usageErrorf("--project %q cannot be a path", q.project)
	}
	return source.Target{Path: path}, nil
}

// The objects of a change without --old and --new.
var (
	noObject    = strings.Repeat("0", 40)
	someObject  = strings.Repeat("1", 40)
	otherObject = strings.Repeat("2", 40)
)

// assumeFastForward makes updates without SHAs of the user fast-forwards: Gitaly
// does not have the made-up objects, and could not compare them.
func assumeFastForward(changes []source.Change) {
	for i, c := range changes {
		if c.Updates() {
			changes[i].New = c.Old
		}
	}
}

func (q *question) changes() ([]source.Change, error) {
	before, after := q.old, q.new
	if before == "" {
		switch q.change {
		case "create":
			before, after = noObject, otherObject
		case "update":
			before, after = someObject, otherObject
		case "delete":
			before, after = someObject, noObject
		default:
			return nil, usageErrorf("--change %q is not create, update or delete", q.change)
		}
	}
	var lines []string
	for _, ref := range q.refs {
		if !strings.HasPrefix(ref, "refs/") {
			return nil, usageErrorf("--ref %s: name it in full, as in refs/heads/%s", ref, ref)
		}
		lines = append(lines, before+" "+after+" "+ref)
	}
	changes, err := source.ParseChanges(strings.Join(lines, "\n"))
	if err != nil {
		return nil, usageErrorf("--old and --new take 40 or 64 lower-case hexadecimal digits, --ref a name without blanks")
	}
	return changes, nil
}
