#!/usr/bin/env bash
# A root directory that stands in for node:*-bookworm-slim where there is no registry: Node, npm, a shell and a few
# tools, copied from this machine with the libraries they need.   base-image.sh ROOT
set -eu
root=$1
multiarch=$(dirname "$(ldd "$(command -v bash)" | awk '/libc\.so/{print $3}')")

mkdir -p "$root"/{bin,sbin,usr/bin,usr/local/bin,usr/local/lib/node_modules,lib64,etc/ssl/certs,tmp,var/tmp,proc,sys,dev,run,root,home/node}
mkdir -p "$root$multiarch"
chmod 1777 "$root/tmp" "$root/var/tmp"

put() { # put FILE DIRECTORY: a program and the libraries it is linked with
  cp -L "$1" "$root/$2/"
  { ldd "$1" 2>/dev/null || true; } | awk '/=> \//{print $3} /^\t\//{print $1}' | while read -r library; do
    mkdir -p "$root$(dirname "$library")"
    [ -e "$root$library" ] || cp -L "$library" "$root$library"
  done
}
for tool in dash bash ls cat cp mv rm mkdir ln chown chmod env id sleep true false test touch tar gzip; do
  put "$(type -P "$tool")" bin
done
put "$(node -p process.execPath)" usr/local/bin
ln -sf dash "$root/bin/sh"
ln -sf /bin/env "$root/usr/bin/env"
# What programs of npm packages may load that none of these tools is linked with.
for library in libnss_files.so.2 libnss_dns.so.2 libresolv.so.2 librt.so.1 libpthread.so.0 libdl.so.2 libutil.so.1; do
  cp -Ln "$multiarch/$library" "$root$multiarch/" 2>/dev/null || true
done

npm=$(dirname "$(dirname "$(readlink -f "$(command -v npm)")")")
cp -a "$npm" "$root/usr/local/lib/node_modules/npm"
ln -s ../lib/node_modules/npm/bin/npm-cli.js "$root/usr/local/bin/npm"
cp -L /etc/ssl/certs/ca-certificates.crt "$root/etc/ssl/certs/"

printf 'root:x:0:0:root:/root:/bin/sh\nnode:x:1000:1000::/home/node:/bin/sh\n' >"$root/etc/passwd"
printf 'root:x:0:\nnode:x:1000:\n' >"$root/etc/group"
printf 'hosts: files dns\npasswd: files\ngroup: files\n' >"$root/etc/nsswitch.conf"
chown 1000:1000 "$root/home/node"
