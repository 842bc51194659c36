#!/bin/bash
# Ends with 0 when `http://127.0.0.1:PORT/PATH` answers 200: `healthy PORT /PATH`. Bash alone, since it runs every few
# seconds and a start of Node takes longer than the answer.
set -euo pipefail
exec 3<>"/dev/tcp/127.0.0.1/$1"
printf 'GET %s HTTP/1.0\r\nHost: 127.0.0.1\r\n\r\n' "$2" >&3
read -r _ status _ <&3
[[ $status == 200 ]]
