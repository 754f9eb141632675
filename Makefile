# The verbs of this repository; `make help` lists them. Only Go and make are
# needed: tools and the control plane are built once from Go modules into the
# ignored bin/, with the versions that the go.mod files under hack/ name.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

BIN := bin
CONTROLLER_GEN := $(BIN)/controller-gen
CRD_REF_DOCS := $(BIN)/crd-ref-docs
KUSTOMIZE := $(BIN)/kustomize
GOLANGCI_LINT := $(BIN)/golangci-lint

# Packages compiled and tested at once. Every package that needs an API server
# starts its own (320 MB and, with the race detector, as much again), so more
# cores are used up to four.
PARALLEL ?= $(shell n=$$(getconf _NPROCESSORS_ONLN 2>/dev/null || echo 2); echo $$((n > 4 ? 4 : n)))

##@ Run

.PHONY: help
help: ## List the verbs.
	@awk 'BEGIN {FS = ":.*## "} \
		/^##@ / {printf "\n%s\n", substr($$0, 5)} \
		/^[a-z-]+:.*## / {printf "  make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

# Both are built and then run in the place of the shell: under go run, an end that a person asked for by Ctrl-C is an
# error of make.
.PHONY: demo
demo: ## Show one incident from alarm to resolution on a simulated AWS (SEED=7 for other numbers; SCENARIO=wrong-fix, slow-dependency, recovers-by-itself, traffic-gone for other courses; FACTOR=10 on a slow machine).
	@mkdir -p $(BIN)
	@test -e $(BIN)/demo || echo "demo: compiling it, once; without a build cache this takes some minutes"
	@go build -buildvcs=false -o $(BIN)/ ./hack/demo
	@exec $(BIN)/demo $(if $(SEED),-seed=$(SEED)) $(if $(SCENARIO),-scenario=$(SCENARIO)) $(if $(FACTOR),-factor=$(FACTOR))

.PHONY: dev
dev: ## Leave the same world running and write .dev/kubeconfig and .dev/env for kubectl and aws (SEED and SCENARIO as for demo).
	@mkdir -p $(BIN)
	@test -e $(BIN)/dev || echo "dev: compiling it, once; without a build cache this takes some minutes"
	@go build -buildvcs=false -o $(BIN)/ ./hack/dev
	@exec $(BIN)/dev $(if $(SEED),-seed=$(SEED)) $(if $(SCENARIO),-scenario=$(SCENARIO))

##@ Develop

.PHONY: build
build: ## Compile the operator into bin/runbook-operator.
	@mkdir -p $(BIN)
	go build -o $(BIN)/ .

# Lint has vet, also with the build tag of the attacks: it is not run again with the tests.
.PHONY: test
test: ## Run every test against a real API server, with the race detector where there is a C compiler.
	@assets="$$(go run ./hack/controlplane/cmd)"; \
	race=-race; \
	if [ "$$(go env CGO_ENABLED)" != 1 ]; then \
		race=; \
		echo "make test: no C compiler found, so the race detector is off; install gcc to have it"; \
	fi; \
	set -x; \
	KUBEBUILDER_ASSETS="$$assets" go test $$race -vet=off -p $(PARALLEL) -timeout 25m ./...

# The suites that attack the operator. They are kept apart by a build tag, because they take the processors for
# themselves: FAULT=./test/fault/effect runs one, ARGS is handed on to go test.
FAULT ?= ./test/fault/...

.PHONY: test-fault
test-fault: ## Attack the operator: kills, ambiguous answers, forged approvals, deletions, floods (FAULT=./test/fault/effect for one suite).
	@assets="$$(go run ./hack/controlplane/cmd)"; \
	set -x; \
	KUBEBUILDER_ASSETS="$$assets" go test -tags fault -vet=off -p $(PARALLEL) -timeout 30m $(FAULT) $(ARGS)

# Nothing else should run meanwhile: the operator, the API server and the
# simulated AWS share the machine that is printed.
.PHONY: bench
bench: ## Measure latency, throughput, cost, memory and restart on this machine, and print them with it (about ten minutes).
	@assets="$$(go run ./hack/controlplane/cmd)"; \
	KUBEBUILDER_ASSETS="$$assets" go test -tags bench -count=1 -timeout 30m -v ./test/bench

# The second run checks the API types against the Kubernetes API conventions;
# the test plants one violation per law and expects the linter to report
# exactly those: a law that matches nothing would look like a law that is kept.
.PHONY: lint
lint: $(GOLANGCI_LINT) ## Check the code against the laws of this repository, and the laws against planted violations.
	$(GOLANGCI_LINT) run ./...
	$(GOLANGCI_LINT) run --build-tags fault ./test/fault/...
	$(GOLANGCI_LINT) run --config .golangci-kal.yml ./api/...
	go test -tags lint -count=1 -timeout 30m ./test/laws

.PHONY: test-seeded
test-seeded: ## Plant known bugs, one at a time, and show which suite catches which (BUG=no-intent for one, FLAGS=-check or -all).
	@go run ./hack/seeded $(FLAGS) $(BUG)

.PHONY: generate
generate: $(CONTROLLER_GEN) $(CRD_REF_DOCS) ## Regenerate DeepCopy, CRDs, RBAC, IAM policies, docs/api.md and docs/iam.md from the code.
	@./hack/generate $(CONTROLLER_GEN) $(CRD_REF_DOCS)

.PHONY: verify
verify: $(CONTROLLER_GEN) $(CRD_REF_DOCS) $(KUSTOMIZE) ## Fail if generated files, formatting, go.mod or manifests are not as the code says.
	@KUSTOMIZE=$(KUSTOMIZE) ./hack/verify

.PHONY: controlplane
controlplane: ## Find or build etcd and kube-apiserver, and print their folder.
	@go run ./hack/controlplane/cmd

# Tools are rebuilt when the go.mod that names their version is newer. Each is
# built beside its place and moved: two makes at once leave a whole binary.
define build-tool
	@mkdir -p $(BIN)
	@echo "building $@ from $(1), once$(3)"
	@go -C $(1) build -buildvcs=false -ldflags "-s -w" -o $(CURDIR)/$@.$$$$ $(2) && mv $@.$$$$ $@
endef

$(GOLANGCI_LINT): hack/lint/go.mod hack/lint/go.sum
	$(call build-tool,hack/lint,sigs.k8s.io/kube-api-linter/cmd/golangci-lint-kube-api-linter, (two to three minutes))

$(CONTROLLER_GEN): hack/tools/go.mod hack/tools/go.sum
	$(call build-tool,hack/tools,sigs.k8s.io/controller-tools/cmd/controller-gen)

$(CRD_REF_DOCS): hack/tools/go.mod hack/tools/go.sum
	$(call build-tool,hack/tools,github.com/elastic/crd-ref-docs)

$(KUSTOMIZE): hack/tools/go.mod hack/tools/go.sum
	$(call build-tool,hack/tools,sigs.k8s.io/kustomize/kustomize/v5)
