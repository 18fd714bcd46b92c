mkdir -p r/etc && mkfifo r/etc/hosts r/etc/resolv.conf
