#!/usr/bin/env bash
# An executor in nothing but bash: executor.sh NAME [HOST [PORT]]. It takes one offer after another.
# Prompt and reply_to are cut out of the JSON as they are: the first "prompt" and the last "reply_to" are the offer's own.
set -euo pipefail
export LC_ALL=C
name=$1
exec 3<>"/dev/tcp/${2:-127.0.0.1}/${3:-4222}"
send() { printf '%s\r\n' "$@" >&3; }
publish() { send "PUB $1 ${#2}" "$2"; }
send "CONNECT {\"verbose\":false,\"user\":\"${NATS_USER:-}\",\"pass\":\"${NATS_PASSWORD:-}\"}" "SUB executor.$name.offer $name 1"
while IFS=$' \r' read -r verb _ _ reply size <&3; do
  if [ "$verb" = PING ]; then send PONG; fi
  if [ "$verb" != MSG ]; then continue; fi
  IFS= read -r -N "$size" offer <&3
  IFS= read -r _ <&3
  [[ $offer =~ \"prompt\":\"(([^\"\\]|\\.)*)\" ]] && prompt=${BASH_REMATCH[1]}
  [[ $offer =~ .*\"reply_to\":\"([^\"]*)\" ]] && work=${BASH_REMATCH[1]}
  publish "$reply" '{"accept":true,"executor":"executor.sh"}'
  publish "$work.progress" '{"step":"look at the machine"}'
  publish "$work.log" "{\"text\":\"It is $(date) on $(uname -n).\"}"
  publish "$work.result" "{\"outcome\":\"completed\",\"result\":\"You asked: $prompt\"}"
done
