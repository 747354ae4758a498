# Sourced by scripts that start servers or need Python packages; does nothing by itself.
#
# A server is known by its port. Its state file, $servers/PORT.pid, has three lines: the process (a
# number, or ENGINE:CONTAINER), the folder of its data, and its options (all but the password).
# $servers/PORT.log is what it says, $servers/PORT its data unless another folder was asked for.
# The script that sources this file sets $servers (the folder), $kind (its name), and $plain (the
# options of a server started without any; those of one whose port was chosen begin with "port").
# shellcheck shell=bash disable=SC2034,SC2154,SC2016 # set or used there; $0, $1 are the inner shell's

say() { printf '%s: %s\n' "$kind" "$*" >&2; }
fail() { say "$*"; exit 1; }
has() { command -v "$1" >/dev/null 2>&1; }

# Runs a command for so many seconds at most, where the system can (macOS has no timeout).
within() { if has timeout; then timeout "$@"; else "${@:2}"; fi; }

# Whether Bolt 4.4, which the sink speaks, is spoken at HOST PORT.
answers_bolt() {
    local reply
    reply=$(within 5 bash -c 'exec 3<>"/dev/tcp/$0/$1" || exit 1
        printf "\x60\x60\xb0\x17\0\0\4\4\0\0\0\0\0\0\0\0\0\0\0\0" >&3
        head -c 4 <&3 | od -An -tx1' "$1" "$2" 2>/dev/null) || return 1
    [[ $reply == *"00 00 04 04"* ]]
}

# Whether anything accepts connections at HOST PORT.
accepts() { within 5 bash -c 'exec 3<>"/dev/tcp/$0/$1"' "$1" "$2" 2>/dev/null; }

# The container engine that works.
engine() {
    local name
    for name in docker podman; do
        if has "$name" && within 20 "$name" info >/dev/null 2>&1; then
            echo "$name"
            return
        fi
    done
    return 1
}

# Runs a command while no other start or stop of this checkout does the same. Without flock (macOS)
# two of them at once may choose one port: the later one then fails and says so.
exclusively() {
    mkdir -p "$servers"
    exec 9>"$servers/lock"
    if has flock; then flock 9; fi
    "$@"
    exec 9>&-
}

state_of() { printf '%s/%s.pid\n' "$servers" "$1"; }

# Reads the state of the server on PORT into $process, $data and $options; fails if there is none.
read_state() {
    process='' data='' options=''
    [ -r "$(state_of "$1")" ] || return 1
    { read -r process && read -r data && read -r options; } <"$(state_of "$1")" || true
}

# Whether the server on PORT that the state file names still lives: a number can be another
# process's by now, so the command line must carry the mark that launch gave it.
lives() {
    local process data options command
    read_state "$1" || return 1
    case $process in
    '') return 1 ;;
    *:*)
        [ "$("${process%%:*}" inspect --format '{{.State.Running}}' "${process#*:}" 2>/dev/null)" = true ]
        return
        ;;
    esac
    if [ -d /proc/self ]; then
        command=$(tr '\0' ' ' 2>/dev/null <"/proc/$process/cmdline") || return 1
    else
        command=$(ps -o args= -p "$process" 2>/dev/null) || return 1
    fi
    [[ " $command " == *" -Datg.server=$kind:$1 "* ]]
}

# The ports of all servers of this kind that this checkout has a state file of.
known_ports() {
    local state
    for state in "$servers"/*.pid; do
        if [ -e "$state" ]; then basename "$state" .pid; fi
    done
}

options_of() { sed -n 3p "$(state_of "$1")"; }

# The ports that stop means: PORT, or with ALL 1 every known one, or those started without options.
ports_meant() {
    local one
    if [ -n "$1" ]; then
        echo "$1"
        return
    fi
    for one in $(known_ports); do
        if [[ $2 = 1 || $(options_of "$one") == "$plain" ]]; then echo "$one"; fi
    done
}

# The port of a living server started with exactly these options.
port_with_options() {
    local port process data options
    for port in $(known_ports); do
        if read_state "$port" && [ "$options" = "$1" ] && lives "$port"; then
            echo "$port"
            return
        fi
    done
    return 1
}

# The first port from FROM on that nobody uses, and, with "new", that no earlier server left data of.
free_port() {
    local port
    for ((port = $1; port < $1 + 1000; port++)); do
        if lives "$port" || accepts 127.0.0.1 "$port"; then continue; fi
        if [ "${2:-}" = new ] && [ -e "$servers/$port" ]; then continue; fi
        echo "$port"
        return
    done
    fail "no port from $1 on is free"
}

# Waits until nobody listens on PORT: a killed process loses its name before its sockets.
await_silence() {
    local deadline=$((SECONDS + 10))
    while accepts 127.0.0.1 "$1" && [ "$SECONDS" -lt "$deadline" ]; do sleep 0.05; done
}

# Whether the server that is meant lives already: on $port, or with $options where $port is empty
# (0 means none that lives). If not, $port becomes the one to start it on, from FIRST on if free.
find_server() {
    if [ -z "$port" ] && port=$(port_with_options "$options"); then return; fi
    case $port in
    '') port=$(free_port "$1") || exit 1 ;;
    0) port=$(free_port $(($1 + 10000)) new) || exit 1 ;;
    *)
        if lives "$port"; then
            local running
            running=$(options_of "$port")
            [ "${running#port }" = "${options#port }" ] ||
                fail "runs on port $port with other options (${running#port }): stop it, or choose another port"
            return
        fi
        if [ -e "$(state_of "$port")" ]; then await_silence "$port"; fi
        if accepts 127.0.0.1 "$port"; then fail "something else listens on port $port: choose another"; fi
        ;;
    esac
    return 1
}

# Takes the shell's place with a Java whose command line carries the mark that lives looks for.
# A server of another kind says here how it carries it.
run_marked() { exec "$1" "$mark" "${@:2}"; }

# Whether the server at HOST PORT is ready for its clients; other kinds than Bolt's say here how.
answers() { answers_bolt "$@"; }

# Starts a server in the background, apart from this shell's terminal and signals, and writes its
# state. Usage: launch PORT DATA OPTIONS COMMAND ARGUMENT... Then $fresh is 1 if the folder is new.
fresh=0
launch() {
    local port=$1 data=$2 options=$3 mark=-Datg.server=$kind:$1
    shift 3
    # Only a folder made here is ever removed again.
    if [ -z "$(ls -A "$data" 2>/dev/null)" ]; then
        mkdir -p "$data"
        : >"$data/.made-by-scripts-$kind"
        fresh=1
    fi
    set -m # a process group of its own: Ctrl-C in this terminal does not reach it
    (cd "$data" && trap '' HUP && run_marked "$@") \
        >"$servers/$port.log" 2>&1 </dev/null 9>&- &
    printf '%s\n' "$!" "$data" "$options" >"$(state_of "$port")"
    set +m
    # Until the server has taken the shell's place the process does not carry its mark.
    until lives "$port" || ! kill -0 "$!" 2>/dev/null; do sleep 0.01; done
    disown
}

# Waits until the server on PORT is ready: READY (a pattern) in its log, and an answer.
await_server() {
    local port=$1 ready=$2 deadline=$((SECONDS + 300))
    until grep -q "$ready" "$servers/$port.log" 2>/dev/null && answers 127.0.0.1 "$port"; do
        if ! lives "$port"; then
            grep -v '^[[:space:]]*at ' "$servers/$port.log" | tail -n 20 >&2 || true
            fail "the server on port $port ended while it started; all it said is in $servers/$port.log"
        fi
        [ "$SECONDS" -lt "$deadline" ] ||
            fail "the server on port $port is not ready after 300 s; see $servers/$port.log"
        sleep 0.1
    done
}

# Ends the server on PORT by SIGNAL (TERM or KILL), after 30 s by KILL, and waits until it is gone.
end_server() {
    local port=$1 signal=$2 process data options deadline=$((SECONDS + 30))
    read_state "$port" && lives "$port" || return 0
    case $process in
    *:*) if [ "$signal" = KILL ]; then in_container kill; else in_container stop --time 30; fi ;;
    *)
        kill -s "$signal" "$process" 2>/dev/null || true
        # One that was stopped would not see the other signal.
        kill -s CONT "$process" 2>/dev/null || true
        ;;
    esac
    while lives "$port"; do
        if [[ $SECONDS -ge $deadline && $process != *:* ]]; then kill -s KILL "$process" 2>/dev/null || true; fi
        sleep 0.05
    done
    await_silence "$port"
}

# Runs a command of the engine on the container that $process names; its failure is not ours.
in_container() { "${process%%:*}" "$@" "${process#*:}" >/dev/null 2>&1 || true; }

# Ends the server on PORT and forgets it. Unless KEEP is 1, its data goes too; a folder that was not
# made here stays.
stop_server() {
    local port=$1 keep=$2 process data options signal=TERM
    read_state "$port" || data=$servers/$port
    if [ "$keep" = 0 ] && [[ $process != *:* && ! -e $data/.made-by-scripts-$kind ]]; then keep=1; fi
    if [ "$keep" = 0 ]; then signal=KILL; fi # nothing worth closing in good order
    if lives "$port"; then say "stopping the server on port $port"; fi
    end_server "$port" "$signal"
    if [[ $process == *:* ]]; then
        in_container rm --force
        if [ "$keep" = 0 ]; then "${process%%:*}" volume rm --force "$data" >/dev/null 2>&1 || true; fi
    elif [ "$keep" = 0 ]; then
        rm -rf "$data"
    fi
    rm -f "$(state_of "$port")" "$servers/$port.log"
}

# Makes the virtual environment FOLDER and installs what pip is told.
python_environment() {
    local folder=$1
    shift
    if ! "$folder/bin/python" -c 'import pip' 2>/dev/null; then
        python3 -m venv "$folder" >&2 || fail "python3 needs its venv module (Debian: apt-get install python3-venv)"
    fi
    "$folder/bin/python" -m pip install --quiet --disable-pip-version-check "$@" >&2
}
