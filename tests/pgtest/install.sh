# Installs PostgreSQL's binaries. The package would also make and start a
# cluster; its configuration is told not to, for as long as this takes.
set -eu
export DEBIAN_FRONTEND=noninteractive LC_ALL=C.UTF-8
apt="apt-get -qq -o DPkg::Lock::Timeout=300"
$apt update
$apt install -y --no-install-recommends postgresql-common
conf=/etc/postgresql-common/createcluster.conf
cp -p $conf $conf.gatehouse
trap 'mv $conf.gatehouse $conf' EXIT
echo "create_main_cluster = false" >>$conf
$apt install -y --no-install-recommends postgresql
