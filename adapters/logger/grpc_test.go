package logger_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"
	"google.golang.org/grpc/grpclog"

	"gatehouse/adapters/logger"
)

// TestTakeGRPC is not parallel: gRPC has one logger for the whole program.
func TestTakeGRPC(t *testing.T) {
	for least, want := range map[zapcore.Level][]string{
		zap.DebugLevel: {"debug [core] connecting", "debug connecting to a", "warn lost", "error broken"},
		zap.InfoLevel:  {"warn lost", "error broken"},
	} {
		core, logged := observer.New(least)
		logger.TakeGRPC(zap.New(core))
		grpclog.Component("core").Info("connecting")
		grpclog.Infof("connecting to %s", "a")
		grpclog.Warningln("lost")
		grpclog.Error("broken")
		var got []string
		for _, line := range logged.All() {
			if line.LoggerName != "grpc" {
				t.Errorf("got the name %q", line.LoggerName)
			}
			got = append(got, line.Level.String()+" "+line.Message)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", least, diff)
		}
	}
}
