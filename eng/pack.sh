#!/usr/bin/env bash
# Packs Octet, Octet.Runtime and Octet.Tool.
# Usage: eng/pack.sh OUT_DIR [option of dotnet pack ...]
set -euo pipefail
[ $# -ge 1 ] || { echo "usage: eng/pack.sh OUT_DIR [option of dotnet pack ...]" >&2; exit 2; }
out=$1
shift
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
for project in Runtime Octet Tool; do
  dotnet pack "$root/src/$project" -c Release -o "$out" "$@"
done
