package gitaly

import (
	"context"
	"errors"
	"io"
	"strconv"
	"strings"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/timestamppb"

	"gatehouse/adapters/gitaly/gitalypb"
	"gatehouse/domain"
	"gatehouse/domain/source"
)

// CommitFiles creates a commit in a project's code and returns its number. Meanwhile
// Gitaly asks this server whether the committer may push, and tells it of the push, as for
// a push over "web": the caller holds no lock and no transaction. What Gitaly, the rules of
// Git access or a hook refuse is a Refusal: Invalid for the changes, Forbidden for the
// push. It fails with domain.NotFound if the repository does not exist, and with
// domain.Unavailable if Gitaly is unreachable or late: the commit may exist then.
func (c *Client) CommitFiles(ctx context.Context, p source.Project, commit source.NewCommit) (source.ObjectID, error) {
	r, err := c.code(p)
	if err != nil {
		return "", err
	}
	ctx, cancel := calling(ctx, "")
	defer cancel()
	stream, err := gitalypb.NewOperationServiceClient(r.conn).UserCommitFiles(ctx)
	if err != nil {
		return "", r.refused(err)
	}
	if err := r.send(stream, commit); err != nil && !errors.Is(err, io.EOF) { // Gitaly's own error comes with its answer
		return "", r.refused(err)
	}
	out, err := stream.CloseAndRecv()
	switch {
	case err != nil:
		return "", r.refused(err)
	case out.GetPreReceiveError() != "":
		return "", domain.Refuse(domain.Forbidden, "%s", hookMessage(out.GetPreReceiveError()))
	case out.GetIndexError() != "":
		return "", domain.Refuse(domain.Invalid, "%s", text([]byte(out.GetIndexError())))
	}
	return source.ObjectID(out.GetBranchUpdate().GetCommitId()), nil
}

// send sends the commit in messages of a bounded size.
func (r repository) send(stream grpc.ClientStreamingClient[gitalypb.UserCommitFilesRequest, gitalypb.UserCommitFilesResponse], commit source.NewCommit) error {
	header := &gitalypb.UserCommitFilesRequestHeader{
		Repository: r.message, BranchName: []byte(commit.Branch), StartBranchName: []byte(commit.StartBranch),
		CommitMessage:    []byte(commit.Message),
		CommitAuthorName: []byte(commit.AuthorName), CommitAuthorEmail: []byte(commit.AuthorEmail),
		Timestamp: timestamppb.New(commit.At),
		User: &gitalypb.User{
			GlId: "user-" + strconv.FormatInt(int64(commit.By.ID), 10), GlUsername: commit.By.Username,
			Name: []byte(commit.By.Name), Email: []byte(commit.By.Email),
		},
	}
	err := stream.Send(&gitalypb.UserCommitFilesRequest{UserCommitFilesRequestPayload: &gitalypb.UserCommitFilesRequest_Header{Header: header}})
	for _, change := range commit.Changes {
		if err == nil {
			err = sendChange(stream, change)
		}
	}
	return err
}

// maxChunk is how much of a file's content one message holds, in bytes.
const maxChunk = 128 << 10

func sendChange(stream grpc.ClientStreamingClient[gitalypb.UserCommitFilesRequest, gitalypb.UserCommitFilesResponse], change source.FileChange) error {
	send := func(action *gitalypb.UserCommitFilesAction) error {
		return stream.Send(&gitalypb.UserCommitFilesRequest{UserCommitFilesRequestPayload: &gitalypb.UserCommitFilesRequest_Action{Action: action}})
	}
	err := send(&gitalypb.UserCommitFilesAction{UserCommitFilesActionPayload: &gitalypb.UserCommitFilesAction_Header{
		Header: &gitalypb.UserCommitFilesActionHeader{
			Action: actions[change.Action], FilePath: []byte(change.Path), PreviousPath: []byte(change.PreviousPath),
			ExecuteFilemode: change.Executable, InferContent: change.Action == source.MoveFile && change.Content == nil,
		},
	}})
	for content := change.Content; err == nil && len(content) > 0; {
		size := min(len(content), maxChunk)
		err = send(&gitalypb.UserCommitFilesAction{UserCommitFilesActionPayload: &gitalypb.UserCommitFilesAction_Content{Content: content[:size]}})
		content = content[size:]
	}
	return err
}

var actions = map[source.FileAction]gitalypb.UserCommitFilesActionHeader_ActionType{
	source.CreateFile: gitalypb.UserCommitFilesActionHeader_CREATE, source.UpdateFile: gitalypb.UserCommitFilesActionHeader_UPDATE,
	source.MoveFile: gitalypb.UserCommitFilesActionHeader_MOVE, source.DeleteFile: gitalypb.UserCommitFilesActionHeader_DELETE,
	source.ChmodFile: gitalypb.UserCommitFilesActionHeader_CHMOD,
}

// refused returns the Refusal that an error of UserCommitFiles stands for, or else its
// fault. Newer releases say what is wrong in the details of the status; a few errors have
// none, and are known by their text.
func (r repository) refused(err error) error {
	fault := r.fault(err, "commit")
	told := status.Convert(err)
	for _, detail := range told.Details() {
		of, ok := detail.(*gitalypb.UserCommitFilesError)
		switch {
		case !ok:
		case of.GetAccessCheck() != nil:
			return domain.Refuse(domain.Forbidden, "%s", hookMessage(of.GetAccessCheck().GetErrorMessage())).Because(fault)
		case of.GetCustomHook() != nil:
			said := string(of.GetCustomHook().GetStderr())
			if strings.TrimSpace(said) == "" {
				said = string(of.GetCustomHook().GetStdout())
			}
			return domain.Refuse(domain.Forbidden, "%s", hookMessage(said)).Because(fault)
		case of.GetIndexUpdate() != nil:
			return domain.Refuse(domain.Invalid, "%s", told.Message()).Because(fault)
		}
	}
	if _, said, found := strings.Cut(told.Message(), gitLabMark); found {
		return domain.Refuse(domain.Forbidden, "%s", hookMessage(said)).Because(fault)
	}
	if _, path, found := strings.Cut(told.Message(), "invalid path: "); found {
		return domain.Refuse(domain.Invalid, "invalid path: %s", path).Because(fault)
	}
	switch told.Code() {
	case codes.FailedPrecondition:
		return domain.Refuse(domain.Invalid, "Could not update the branch. Please refresh and try again.").Because(fault)
	case codes.InvalidArgument:
		return domain.Refuse(domain.Invalid, "Gitaly refuses the commit").Because(fault)
	}
	return fault
}

// gitLabMark stands before what this server answered to a hook.
const gitLabMark = "GitLab: "

// hookMessage returns what a hook said for the user, without the marks before it.
func hookMessage(said string) string {
	for _, mark := range []string{gitLabMark, "GL-HOOK-ERR: "} {
		said = strings.ReplaceAll(said, mark, "")
	}
	if said = strings.TrimSpace(text([]byte(said))); said == "" {
		return "The push was refused by a hook"
	}
	return said
}
