mkdir -p r/etc && echo of > r/etc/hosts && echo of > r/etc/resolv.conf
