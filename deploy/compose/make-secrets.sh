#!/bin/sh
# Makes the secrets that compose.yaml mounts; those that are there stay as they are.
set -eu
folder="$(dirname "$0")/secrets"
mkdir -p "$folder"
# The containers' users must be able to read the files, and nobody else on this machine the folder.
chmod 700 "$folder"
for name in postgres_password millrace_token grafana_password; do
  if [ ! -s "$folder/$name" ]; then
    od -An -N24 -tx1 /dev/urandom | tr -d ' \n' > "$folder/$name"
    chmod 644 "$folder/$name"
  fi
done
