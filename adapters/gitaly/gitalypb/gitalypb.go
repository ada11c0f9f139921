// Package gitalypb holds the messages and services of Gitaly that are used
// here. The .proto files say as much of Gitaly's interface as we need, under
// its names and field numbers; "make generate" makes the code from them.
package gitalypb

//go:generate go run github.com/bufbuild/buf/cmd/buf@v1.75.0 generate
