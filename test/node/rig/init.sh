#!/usr/bin/env bash
# init.sh STATE: process 1 of the node. Makes its file system, cgroups and network, and then starts the parts it is told to.
set -euo pipefail
state=$1
. "$state/settings" # PACKAGES, NODE_NAME, NODE_ADDRESS

# The machine's directories stay as they are: all that the node changes is in its own mount namespace.
mount -t overlay -o "lowerdir=$PACKAGES:/usr" node-usr /usr
mount --bind "$state/var-lib" /var/lib
mount --bind "$state/var-log" /var/log
mount -t tmpfs -o mode=755 tmpfs /run
mount -t sysfs sysfs /sys

version1=() version2=
while IFS=: read -r _ controllers _; do
  if [[ -n $controllers ]]; then version1+=("$controllers"); else version2=yes; fi
done </proc/self/cgroup
if ((${#version1[@]} > 0)); then
  mount -t tmpfs -o mode=755 cgroup /sys/fs/cgroup
  for controllers in "${version1[@]}"; do
    mkdir "/sys/fs/cgroup/${controllers#name=}"
    options=$controllers
    [[ $controllers == name=* ]] && options=none,$controllers
    mount -t cgroup -o "$options" cgroup "/sys/fs/cgroup/${controllers#name=}"
  done
elif [[ -n $version2 ]]; then
  mount -t cgroup2 cgroup2 /sys/fs/cgroup
  # A group with children may hold no processes.
  mkdir /sys/fs/cgroup/init
  while read -r process; do echo "$process" >/sys/fs/cgroup/init/cgroup.procs || true; done </sys/fs/cgroup/cgroup.procs
  for controller in $(cat /sys/fs/cgroup/cgroup.controllers); do
    echo "+$controller" >/sys/fs/cgroup/cgroup.subtree_control
  done
fi

# The kubelet would set these for the whole machine; it finds them as it wants them in files of the node's own.
for setting in vm/overcommit_memory=1 vm/panic_on_oom=0 kernel/panic=10 kernel/panic_on_oops=1 \
  kernel/keys/root_maxkeys=1000000 kernel/keys/root_maxbytes=25000000; do
  file=${setting%=*}
  mkdir -p "/run/sysctl/${file%/*}"
  echo "${setting#*=}" >"/run/sysctl/$file"
  mount --bind "/run/sysctl/$file" "/proc/sys/$file"
done

# Neither a default route nor a link to the machine: nothing here can leave this namespace.
hostname "$NODE_NAME"
ip link set lo up
ip link add eth0 type veth peer name uplink
ip addr add "$NODE_ADDRESS/24" dev eth0
ip link set uplink up
ip link set eth0 up
echo 1 >/proc/sys/net/ipv4/ip_forward

export HOME=/var/lib TMPDIR=$state/tmp
mkfifo "$state/run/orders"
exec 3<>"$state/run/orders"
touch "$state/run/ready"
# Bash reaps what is orphaned here.
while read -r part <&3; do
  bash "$state/parts/$part" >>"$state/log/$part.log" 2>&1 </dev/null 3>&- &
  echo "$!" >"$state/run/$part.pid"
done
