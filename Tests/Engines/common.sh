# What the tests of the engines share; each begins with `. "$(dirname "$0")/common.sh"`.
#
#   $house      the root of the repository
#   $program    the program to test: $DIST_TRAIN, or the one that `swift build -c release` made
#   $directory  a temporary directory, with a HOME in it; it goes when the test ends, however it ends
#   processes   an array: add the id of every process that is started; those that live are ended at the end
set -euo pipefail

house=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)

fail() {
    echo "$(basename "$0"): FAILED: $1" >&2
    if declare -F show_logs >/dev/null; then show_logs >&2; fi
    exit 1
}

# skip REASON: ends the test with the status that means it was not made.
skip() {
    echo "skipped: $1"
    exit 77
}

# need PROGRAM...: skips the test unless all of them are installed.
need() {
    local name
    for name in "$@"; do
        command -v "$name" >/dev/null || skip "\`$name\` is not installed"
    done
}

need_root() { [[ $(id -u) == 0 ]] || skip "only root can make namespaces"; }

program=$(realpath -m "${DIST_TRAIN:-$house/.build/release/dist-train}")
[[ -x $program ]] || fail "there is no program $program: build it, or name it in DIST_TRAIN"

processes=()
clean_up() {
    local process
    for process in "${processes[@]}"; do kill "$process" 2>/dev/null || true; done
    wait 2>/dev/null || true
    rm -rf "$directory"
}
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM

# in_namespaces KINDS "$@": starts the script again as process 1 of namespaces of its own (`--net --mount` and
# what else `unshare` knows), with the loopback interface up, and ends with its status. All that the script
# starts there ends with it, daemons too. The temporary directory belongs to the process outside.
in_namespaces() {
    local kinds=$1 status=0
    shift
    if [[ -n ${ENGINE_DIRECTORY:-} ]]; then
        ip link set lo up
        return
    fi
    # shellcheck disable=SC2086
    ENGINE_DIRECTORY=$directory unshare $kinds --pid --fork --kill-child --mount-proc "$0" "$@" &
    processes+=("$!")
    wait "$!" || status=$?
    exit "$status"
}

if [[ -n ${ENGINE_DIRECTORY:-} ]]; then
    directory=$ENGINE_DIRECTORY
else
    directory=$(mktemp -d)
    trap clean_up EXIT
fi
export HOME=$directory/home
mkdir -p "$HOME"

# wait_for SECONDS WHAT COMMAND...: repeats the command until it succeeds; fails with WHAT after SECONDS.
wait_for() {
    local end=$((SECONDS + $1)) what=$2
    shift 2
    until "$@" >/dev/null 2>&1; do
        ((SECONDS < end)) || fail "waited too long until $what"
        sleep 0.05
    done
}

# quiet_hash CONFIG [OVERRIDE...]: prints the `state_sha256` of an undisturbed run of the job.
quiet_hash() {
    local run
    run=$(mktemp -d "$directory/quiet-XXXXXX")
    timeout 300 "$program" run "$@" --lanes 1 --quiet --no-page --no-report --run-dir "$run" >/dev/null ||
        fail "the undisturbed run did not reach its end"
    hash_of "$run"
}

# hash_of RUN: prints the `state_sha256` of a finished run.
hash_of() { sed -n 's/.*"state_sha256": "\([0-9a-f]*\)".*/\1/p' "$1/result.json"; }

# recoveries RUN: prints how often a finished run went back to a snapshot because a worker was lost.
recoveries() { sed -n 's/.*"recoveries": \([0-9]*\).*/\1/p' "$1/result.json"; }

# last_step RUN: prints the last step that the run has logged; 0 if there is none.
last_step() {
    local step
    step=$(sed -n 's/^{"kind":"step","step":\([0-9]*\),.*/\1/p' "$1/metrics.jsonl" 2>/dev/null | tail -n 1)
    echo "${step:-0}"
}

# reached RUN STEP: whether the run has logged that step, or a later one.
reached() { (($(last_step "$1") >= $2)); }

# train_together RUN WORKERS: whether so many workers have started to compute together.
train_together() {
    grep -q "\"event\":\"generation_started\".*\"workers\":$2," "$1/log.jsonl" 2>/dev/null
}

# events RUN EVENT: how many of that name the run has logged.
events() { grep -c "\"event\":\"$2\"" "$1/log.jsonl" 2>/dev/null || true; }
