mkdir -p r/etc && echo of > r/etc/hosts && echo of > r/etc/resolv.conf && chmod 4400 r/etc/hosts && chmod 400 r/etc/resolv.conf
