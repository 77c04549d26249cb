#!/usr/bin/env bash
# supervise.sh STATE: runs the node until standard input closes, that is: until whoever started it ends, however it does.
# Then, or when the node ends by itself, nothing of it is left: no process, mount, link, cgroup or file.
set -uo pipefail
trap '' INT TERM HUP
state=$1 here=$(dirname "$(readlink -f "$0")")

# Below our own groups: whoever accounts for us has the node in the sum.
while IFS=: read -r _ controllers path; do
  if [[ -n $controllers ]]; then
    top=/sys/fs/cgroup/${controllers#name=}
  else
    [[ -e /sys/fs/cgroup/cgroup.controllers ]] || continue # beside version 1 it has no controllers
    top=/sys/fs/cgroup
  fi
  group=$top${path%/}/$(basename "$state")
  mkdir "$group" || exit 1
  echo "$group" >>"$state/run/cgroups"
  if [[ $controllers == *cpuset* ]]; then
    for file in cpuset.cpus cpuset.mems; do cat "$top${path%/}/$file" >"$group/$file"; done
  fi
done < <(cat /proc/self/cgroup)

(
  while read -r group; do echo $BASHPID >"$group/cgroup.procs"; done <"$state/run/cgroups"
  exec unshare --mount --net --pid --uts --ipc --cgroup --fork --kill-child --mount-proc --propagation=private \
    bash "$here/init.sh" "$state" </dev/null
) >"$state/log/init.log" 2>&1 &
node=$!
echo "$node" >"$state/run/unshare.pid"

# 0 is a line and 1 the end of the input; more is that nothing came in time.
while kill -0 "$node" 2>/dev/null; do
  read -r -t 0.5 _
  (($? == 1)) && break
done
# unshare takes process 1 along, and that everybody in its namespaces.
kill -KILL "$node" 2>/dev/null
wait "$node" 2>/dev/null
while read -r group; do
  for ((i = 0; i < 200; i++)); do
    [[ -d $group ]] || break
    find "$group" -depth -type d -exec rmdir {} + 2>/dev/null && break
    sleep 0.05
  done
done <"$state/run/cgroups"
rm -rf --one-file-system "$state"
