#!/usr/bin/env bash
# rspamd says of a message that it rejects that it skipped it.
#
# /checkv2 answers with an action and, beside it, with is_skipped, by its name the mark of a
# message that was not looked at. rspamd 3.4 recognises the GTUBE test message, answers action
# "reject", and is_skipped true: its rules were skipped, since the result stood before. The action
# is to be read first, and is_skipped only where there is none.
#
# Needs Debian 12 (apt-get, dpkg), curl and python3. The packages are unpacked in a temporary
# folder. Fails if rspamd answers otherwise.
set -euo pipefail
work=$(mktemp -d)
pid=
trap '[ -z "$pid" ] || { kill "$pid"; wait "$pid" || true; }; rm -rf "$work"' EXIT
cd "$work"
apt-get download -q rspamd=3.4-1 libglib2.0-0 libhyperscan5 libicu72 libluajit2-5.1-2 \
	libluajit2-5.1-common libpcre2-8-0 libsodium23 libsqlite3-0 libssl3 libunwind8 >/dev/null 2>&1
for package in ./*.deb; do dpkg -x "$package" root; done
root=$work/root
lib=$(dirname "$(find "$root" -name 'libsodium.so.23' | head -n 1)")
export LD_LIBRARY_PATH=$lib:$root/usr/lib/rspamd
conf=$root/etc/rspamd state=$work/state
mkdir -p "$state" "$conf/local.d"
echo 'bind_socket = "127.0.0.1:21333"; count = 1;' >"$conf/local.d/worker-normal.inc"
for worker in controller proxy fuzzy; do echo 'enabled = false;' >"$conf/local.d/worker-$worker.inc"; done
for module in rbl spf dkim arc dmarc asn fuzzy_check mx_check phishing; do # no DNS is asked
	echo 'enabled = false;' >"$conf/local.d/$module.conf"
done
echo 'type = "console";' >"$conf/local.d/logging.inc"
share=$root/usr/share/rspamd
"$root/usr/bin/rspamd" -f -i -c "$conf/rspamd.conf" --var=CONFDIR="$conf" --var=LOCAL_CONFDIR="$conf" \
	--var=DBDIR="$state" --var=RUNDIR="$state" --var=LOGDIR="$state" --var=SHAREDIR="$share" \
	--var=RULESDIR="$share/rules" --var=PLUGINSDIR="$share/plugins" --var=LUALIBDIR="$share/lualib" \
	--var=WWWDIR="$share/www" >rspamd.log 2>&1 &
pid=$!
for _ in $(seq 120); do
	if curl -sf http://127.0.0.1:21333/ping >/dev/null; then break; fi
	sleep 1
done

ask() {
	printf 'From: ann@acme.example\r\nTo: support@help.example\r\nSubject: hello\r\n\r\n%s\r\n' "$1" |
		curl -sf --data-binary @- http://127.0.0.1:21333/checkv2 |
		python3 -c 'import json, sys
a = json.load(sys.stdin)
print(a["action"], "is_skipped", a["is_skipped"])'
}
"$root/usr/bin/rspamd" --version | head -n 1
plain=$(ask 'One line.')
gtube=$(ask 'XJS*C4JDBQADN1.NSBN3*2IDNEN*GTUBE-STANDARD-ANTI-UBE-TEST-EMAIL*C.34X')
printf 'a plain message: %s\nGTUBE: %s\n' "$plain" "$gtube"
[ "${plain##* }" = False ] && [ "$gtube" = 'reject is_skipped True' ]
