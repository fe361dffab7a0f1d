#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# demo.sh DOSSIER: plays a document's whole life against a server of its own, on a free loopback port and
# in a temporary data directory. Ends non-zero if any step is not as it should be.
set -uo pipefail

binary=$(readlink -f "$1")
work=$(mktemp -d "${TMPDIR:-/tmp}/dossier-demo.XXXXXX")
server=
failed=0
green='' red='' dim='' plain=''
if [[ -t 1 ]]; then
  green=$'\e[32m' red=$'\e[31m' dim=$'\e[2m' plain=$'\e[0m'
fi

stop_server() {
  [[ -z $server ]] || ! kill -TERM "$server" 2>/dev/null || wait "$server" 2>/dev/null
  rm -rf "$work"
}
trap stop_server EXIT
trap 'exit 130' INT TERM

# --- Asking the server. ---------------------------------------------------------------------------

# call VERB URL [curl arguments]: leaves $status, $work/head and $work/body.
call() {
  local verb=$1 url=$2
  shift 2
  [[ $url == http* ]] || url=$base$url
  status=$(curl -sS -m 60 -X "$verb" -o "$work/body" -D "$work/head" -w '%{http_code}' "$@" "$url" \
    2>"$work/curl") || status="no answer ($(tr -d '\n' <"$work/curl"))"
}

as_admin() { call "$@" -H "x-functions-key: $DOSSIER_ADMIN_KEY"; }

with_json() { as_admin "$1" "$2" -H 'content-type: application/json' -d "$3"; }

# value EXPRESSION: evaluates it over the last body, as `x`.
value() {
  python3 -c 'import json, sys
x = json.load(open(sys.argv[1]))
y = eval(sys.argv[2])
print(json.dumps(y) if isinstance(y, (bool, dict, list)) else y)' "$work/body" "$1" 2>/dev/null
}

now_ms() { date +%s%3N; }

# to_rfc3339 MS: that time as the API wants it.
to_rfc3339() { date -u -d "@${1%???}.${1: -3}" +%Y-%m-%dT%H:%M:%S.%3NZ; }

# --- Steps. Each sets $detail and returns whether all was well. -----------------------------------

step() {
  local what=$1
  shift
  detail=
  if "$@"; then
    printf '  %-46s %sok%s      %s%s%s\n' "$what" "$green" "$plain" "$dim" "$detail" "$plain"
  else
    failed=$((failed + 1))
    printf '  %-46s %sFAILED%s  %s\n' "$what" "$red" "$plain" "$detail"
    [[ ! -s $work/body ]] || printf '    last answer %s: %s\n' "$status" \
      "$(head -c 400 "$work/body" | tr -cd '[:print:]')"
  fi
}

is_status() {
  detail="status $status, expected $1"
  [[ $status == "$1" ]] && detail=${2:-$status}
}

start_server() {
  DOSSIER_ADMIN_KEY=dsk_$(od -An -N24 -tx1 /dev/urandom | tr -d ' \n')
  export DOSSIER_ADMIN_KEY
  "$binary" serve --data-dir "$work/data" --listen 127.0.0.1:0 >"$work/log" 2>&1 &
  server=$!
  local i
  for ((i = 0; i < 200; i++)); do
    base=$(grep -aoE 'http://127\.0\.0\.1:[1-9][0-9]*' "$work/log" | head -n 1)
    if [[ -n $base ]]; then
      call GET /health/ready
      [[ $status != 200 ]] || { detail=$base; return 0; }
    fi
    kill -0 "$server" 2>/dev/null || break
    sleep 0.05
  done
  detail="the server did not become ready: $(tail -n 3 "$work/log" | tr '\n' ' ')"
  return 1
}

create() {
  with_json POST /api/customers/demo/documents "$1"
  id=$(value 'x["documentId"]')
  upload=$(value 'x["uploadSasUri"]')
  is_status 201 "$id" && [[ -n $id && -n $upload ]]
}

create_report() {
  create "{\"documentType\": \"report\", \"fileName\": \"Jahresbericht – Ω.bin\", \"sizeBytes\": $size,
    \"sha256\": \"$digest\", \"contentType\": \"application/octet-stream\"}"
}

upload_file() {
  call PUT "$upload" -H 'x-ms-blob-type: BlockBlob' -T "$work/file"
  is_status 201 "$size bytes"
}

confirm() {
  with_json POST "/api/documents/$id/confirm-upload" '{"uploaded": true}'
  is_status 200 "$(value 'x["status"]'), version $(value 'x["version"]')" && [[ $(value 'x["uploaded"]') == true ]]
}

list() {
  as_admin GET '/api/customers/demo/documents?limit=10'
  is_status 200 "$(value 'len(x["items"])') document" && [[ $(value 'x["items"][0]["id"]') == "$id" ]]
}

download() {
  as_admin GET "/api/documents/$id/download?customerId=demo"
  is_status 200 || return
  url=$(value 'x["downloadSasUri"]')
  call GET "$url"
  is_status 200 && detail='the bytes differ' && cmp -s "$work/file" "$work/body" && detail='every byte the same'
}

range() {
  call GET "$url" -r 1000000-1000999
  is_status 206 && detail='the bytes differ' \
    && cmp -s <(tail -c +1000001 "$work/file" | head -c 1000) "$work/body" && detail='bytes 1000000-1000999'
}

history_holds() {
  as_admin GET "/api/documents/$id/events?customerId=demo"
  is_status 200 || return
  local counted
  counted=$(value 'sorted((e["type"].removeprefix("CustomerDocument").removesuffix("Event"))
    for e in x["items"])')
  detail=$counted
  [[ $counted == "$1" ]]
}

create_short() {
  born=$(now_ms)
  create "{\"documentType\": \"note\", \"fileName\": \"short.txt\",
    \"expiryDate\": \"$(to_rfc3339 $((born + 5000)))\"}"
}

upload_note() {
  call PUT "$upload" -H 'x-ms-blob-type: BlockBlob' -d 'gone in five seconds'
  is_status 201 || return
  confirm || return
  as_admin GET "/api/documents/$id/download?customerId=demo"
  url=$(value 'x["downloadSasUri"]')
  is_status 200 "ttl $(as_admin GET "/api/documents/$id?customerId=demo"; value 'x["ttl"]') s"
}

await_expiry() {
  local lived=0
  while ((lived <= 7000)); do
    as_admin GET "/api/documents/$id?customerId=demo"
    lived=$(($(now_ms) - born))
    [[ $status != 410 ]] || break
    sleep 0.02
  done
  is_status 410 "after $lived ms" && ((lived >= 5000 && lived <= 7000))
}

is_gone_by_url() {
  call GET "$url"
  is_status 410
}

remove() {
  as_admin DELETE "/api/documents/$id?customerId=demo"
  is_status 204
}

read_gone() {
  as_admin GET "/api/documents/$id?customerId=demo"
  is_status 410
}

main() {
  head -c $((5 << 20)) /dev/urandom >"$work/file"
  size=$(stat -c %s "$work/file")
  digest=$(sha256sum "$work/file" | cut -d' ' -f1)
  base='' id='' upload='' url='' status='' born=''

  step 'start a server' start_server
  if ((failed)); then
    return 1
  fi
  step 'create a document' create_report
  step 'upload 5 MiB to its signed URL' upload_file
  step 'confirm the upload' confirm
  step 'list the customer' list
  step 'download it and compare' download
  step 'download a range of it' range
  step 'read its history' history_holds '["ContentStored", "Created", "Uploaded"]'
  step 'delete it' remove
  step 'read it again: gone' read_gone
  step 'its download URL, signed for 15 min: gone too' is_gone_by_url
  step 'create a document with a life of 5 s' create_short
  step 'upload and confirm it' upload_note
  step 'wait until it expires, to the second' await_expiry
  step 'its download URL has ended with it' is_gone_by_url
  step 'its history: announced once, expired once' history_holds \
    '["ContentStored", "Created", "Expired", "Expiring", "Uploaded"]'
  if ((failed)); then
    printf '\n%d steps FAILED\n' "$failed"
    return 1
  fi
  printf '\nAll as it should be.\n'
}

main
