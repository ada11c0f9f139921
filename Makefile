# The commands of this repository. Anything longer than a line is in .ci/.
.DEFAULT_GOAL := help
FUZZTIME ?= 30s
BENCHTIME ?= 1s
RUNS ?= 1
JSON ?= false
TABLE = go test -timeout 0 -run '^$$' -bench '^BenchmarkTable$$' -benchtime 1x -runs $(RUNS) -rows '$(ROWS)' -before '$(BEFORE)' -lines=$(JSON)
export N SEED KIND
# The revision goes into the binary unless git cannot tell it.
VCS = $(shell git rev-parse HEAD >/dev/null 2>&1 && echo true || echo false)
.PHONY: help build run demo test test-system faults check bench bench-lookups bench-large bench-lists bench-clone benchmarks fuzz cover generate

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 14

build: ## bin/gatehouse: one static binary, with the revision it is made from
	CGO_ENABLED=0 go build -trimpath -ldflags "-s -w" -buildvcs=$(VCS) -o bin/gatehouse ./cmd/gatehouse

run: ## serve on SQLite in ./gatehouse.db, with every default
	go run ./cmd/gatehouse serve

demo: ## a server with the demo world; plays every documented example against it
	go run ./cmd/gatehouse demo --play

test: ## the tests, with the race detector, on memory, SQLite and PostgreSQL
	.ci/test -all

test-system: ## the tests that start several servers or kill one, drive clients, or ask in batches
	.ci/test -timeout 20m ./tests/system/... ./tests/faults/... ./tests/clients

faults: ## N attempts to break servers, of one KIND or all, repeatable by SEED
	.ci/faults

check: ## format, vet, staticcheck, module file, architecture, known vulnerabilities
	.ci/check

bench: ## the table: speed as a ratio to a floor. ROWS= of that name, RUNS=5 times, BEFORE= a commit, JSON=true
	cd tests/bench && $(TABLE) -world small

bench-lookups: ROWS = lookups_in_flight
bench-lookups: ## rows of the table that bench leaves out: what coalescing look-ups may cost
	cd tests/bench && $(TABLE) -world small

bench-large: ## the table on a world as large as a big customer's (6 GB of memory, 4 GB of disk)
	cd tests/bench && $(TABLE) -world large

bench-lists: ## lists of the management API among 100,000 projects, as a ratio to a floor. ROWS, RUNS and JSON as for bench
	cd tests/bench && $(subst BenchmarkTable,BenchmarkLists,$(TABLE))

bench-clone: ## Git over HTTP: a clone of 200 MiB, as a ratio to Gitaly's client alone, and memory of 300 idle fetches. ROWS, RUNS and JSON as for bench
	cd tests/bench && $(subst BenchmarkTable,BenchmarkClone,$(TABLE))

benchmarks: ## the benchmarks of single parts, BENCHTIME each
	go test -run '^$$' -bench . -skip '^Benchmark(Table|Lists|Clone)$$' -benchmem -benchtime $(BENCHTIME) -timeout 1h ./...

fuzz: ## every fuzz target, FUZZTIME each
	.ci/fuzz $(FUZZTIME)

cover: ## bin/cover.html: which lines the tests reach, across packages
	mkdir -p bin && .ci/test -coverpkg=./... -coverprofile=bin/cover.out ./...
	go tool cover -html=bin/cover.out -o bin/cover.html && go tool cover -func=bin/cover.out | tail -n 1

generate: ## code that is generated from other files
	go generate ./...
