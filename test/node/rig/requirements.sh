#!/usr/bin/env bash
# requirements.sh [PACKAGES]: writes one line for each thing that a node needs and this machine lacks, and changes nothing.
packages=${1:-}
need() {
  local what=$1
  shift
  "$@" >/dev/null 2>&1 || echo "$what"
}
need Linux test "$(uname -s)" = Linux
for program in apt-get dpkg-deb unshare nsenter mount ip curl; do need "the program $program" command -v "$program"; done
if [[ $(id -u) != 0 ]]; then
  echo root
  exit
fi
need 'new namespaces (mount, net, pid, uts, ipc, cgroup)' unshare --mount --net --pid --uts --ipc --cgroup --fork --mount-proc true
need 'veth and bridge in a network namespace' unshare --net bash -c 'ip link add v0 type veth peer name v1 && ip link add b0 type bridge'
scratch=$(mktemp -d)
need "overlayfs on the file system of ${TMPDIR:-/tmp}" unshare --mount bash -c 'cd "$1" && mkdir l u w m &&
  mount -t overlay -o lowerdir=l,upperdir=u,workdir=w overlay m' bash "$scratch"
rm -rf "$scratch"
for controller in cpu memory pids; do
  need "the cgroup controller $controller" grep -Eq "(^|[:,])$controller[:,]|^0::" /proc/self/cgroup
done
[[ -z $packages ]] || need 'packet filter rules in a network namespace' unshare --mount --net bash -c '
  mount -t overlay -o "lowerdir=$1:/usr" usr /usr &&
  iptables -t nat -A POSTROUTING -m comment --comment x -j MASQUERADE' bash "$packages"
[[ -z $packages ]] || need 'ipset in a network namespace' unshare --mount --net bash -c '
  mount -t overlay -o "lowerdir=$1:/usr" usr /usr &&
  ipset create x hash:ip && iptables -A FORWARD -m set --match-set x src -j ACCEPT' bash "$packages"
