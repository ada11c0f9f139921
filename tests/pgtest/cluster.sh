# cluster.sh DIR BIN PORT [server options]
# A throw-away cluster in DIR, on the loopback's PORT, until standard input ends. The
# lines "stop" (at once, as in a crash) and "start" are answered by "done" or "failed".
set -eu
umask 077
dir=$1 bin=$2 port=$3
shift 3
end() {
	"$bin/pg_ctl" -D "$dir/data" -m immediate stop >/dev/null 2>&1 || true
	rm -rf "$dir" || true
}
trap end EXIT
fail() {
	tail -n 20 "$dir/log"
	exit 1
}
# SCRAM's hashing takes longer than many a test, and this password is random.
printf '%s\n' "$PASSWORD" >"$dir/password"
"$bin/initdb" -D "$dir/data" --no-sync --username=postgres --pwfile="$dir/password" --auth=md5 \
	--encoding=UTF8 --locale=C >"$dir/log" 2>&1 || fail
# Only TCP: a socket's path could be too long. The log is a file, so that the
# server holds none of our caller's pipes.
options="-c listen_addresses=127.0.0.1 -c port=$port -c unix_socket_directories='' $*"
start() {
	"$bin/pg_ctl" -D "$dir/data" -l "$dir/log" -w -t 60 -o "$options" start >/dev/null 2>&1
}
start || fail
echo ready
while read -r command; do
	case $command in
	stop) "$bin/pg_ctl" -D "$dir/data" -m immediate stop >/dev/null 2>&1 && echo done || echo failed ;;
	start) start && echo done || echo failed ;;
	esac
done
