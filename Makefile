# Every target sets up what it needs; nothing else has to be typed.
.DEFAULT_GOAL := help
.PHONY: help demo test test-long captures build page lint bench bench-relay bench-quality bench-setup bench-peers fuzz networks screenshots clean
SHELL := /bin/bash

PORT ?= 8443

help: ## This list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{ printf "make %-12s %s\n", $$1, $$2 }'

demo: ## Build and start a broker, a doctor that greets and echoes, and print the link to open (PORT=8443)
	@Scripts/setup build
	@Scripts/build release
	@exec .build/release/colloque demo --port $(PORT)

test: ## Set up, lint, build, and run every suite: Swift, page, interoperability, commands, browsers
	@Scripts/setup test
	@Scripts/test

test-long: ## The long tests as well: every pair of networks in every browser, every system call that may be killed
	@Scripts/setup test
	@Scripts/build debug
	@Tests/Browser/run --all

captures: ## Hold the whole consultation at a terminal and write its screens to docs/desk.md
	@Scripts/setup test
	@Scripts/build debug
	@Tests/Browser/run seat --only "From init" --table docs/desk.md

build: ## Build the debug and the release executable
	@Scripts/setup build
	@Scripts/build debug
	@Scripts/build release

page: ## Check and bundle the one page into Sources/Page
	@Scripts/setup build
	@Scripts/page

lint: ## Check formats and types: Swift, page, Python, shell
	@Scripts/setup build
	@Scripts/lint

bench: ## Measure the figures of docs/measurements.md again
	@Scripts/setup test
	@Scripts/bench

bench-relay: ## Measure the relay beside coturn with a load of our own (ROUNDS=5)
	@Scripts/setup test
	@Scripts/bench-relay

bench-setup: ## Time calls from answer to sound over 0 to 400 ms, beside Chromium with Chromium; needs root
	@Scripts/setup build
	@Scripts/bench-setup

bench-quality: ## Score what is heard over bad paths (PESQ-WB, STOI, mouth to ear); Scripts/bench-quality chromium compares
	@Scripts/setup build
	@Scripts/bench-quality

bench-peers: ## Cost of a leg beside pion with libopus and beside aiortc (SESSIONS="1 8" ROUNDS=5)
	@Scripts/setup build
	@Scripts/bench-peers --sessions $(or $(SESSIONS),1 8) --rounds $(or $(ROUNDS),5)

fuzz: ## Fuzz every parser for SECONDS each (60)
	@Scripts/setup build
	@Scripts/fuzz $(or $(SECONDS_EACH),60)

networks: ## Hold calls across every pair of networks and through what befalls them; write docs/networks.md, survival.md
	@Scripts/setup test
	@Scripts/build debug
	@Tests/Browser/run networks --table docs/networks.md
	@Tests/Browser/run survival --table docs/survival.md

screenshots: ## Photograph every state of the page into artefacts/screenshots
	@Scripts/setup test
	@Scripts/build debug
	@Tests/Browser/run screenshots

clean: ## Remove everything that was built
	@rm -rf .build .build-python artefacts
