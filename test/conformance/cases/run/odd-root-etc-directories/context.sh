mkdir -p r/etc/hosts r/etc/resolv.conf && echo a > r/etc/hosts/a
