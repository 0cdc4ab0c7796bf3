#!/usr/bin/env bash
# Packs Octet, Octet.Runtime and Octet.Tool.
# Usage: eng/pack.sh [OUT_DIR [option of dotnet pack ...]]     OUT_DIR: artifacts/package where it is left out
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
out=${1:-$root/artifacts/package}
for project in Runtime Octet Tool; do
  dotnet pack "$root/src/$project" -c Release -o "$out" "${@:2}"
done
