package logger

import (
	"sync/atomic"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zapgrpc"
	"google.golang.org/grpc/grpclog"
)

// gRPC has one logger for the whole program, which must be set before anything of
// gRPC runs. By default it writes to the standard error output.
func init() { grpclog.SetLoggerV2(zapgrpc.NewLogger(zap.New(&grpcLines).Named("grpc"))) }

// TakeGRPC makes log the receiver of gRPC's own lines, which are discarded before.
// What gRPC calls information is written at the debug level.
func TakeGRPC(log *zap.Logger) {
	core := log.Core()
	grpcLines.receiver.Store(&core)
}

var grpcLines = redirected{Core: zapcore.NewNopCore()}

// redirected hands entries to a core that can be replaced while it is used.
type redirected struct {
	zapcore.Core
	receiver atomic.Pointer[zapcore.Core]
}

// Enabled implements zapcore.Core.
func (r *redirected) Enabled(level zapcore.Level) bool {
	to := r.receiver.Load()
	return to != nil && (*to).Enabled(lowered(level))
}

// Check implements zapcore.Core.
func (r *redirected) Check(entry zapcore.Entry, checked *zapcore.CheckedEntry) *zapcore.CheckedEntry {
	entry.Level = lowered(entry.Level)
	if to := r.receiver.Load(); to != nil {
		return (*to).Check(entry, checked)
	}
	return checked
}

func lowered(level zapcore.Level) zapcore.Level {
	if level == zapcore.InfoLevel {
		return zapcore.DebugLevel
	}
	return level
}
