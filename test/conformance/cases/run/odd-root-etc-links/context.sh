mkdir -p r/etc r/sub && ln -s /sub r/etc/hosts && ln -s resolv.conf r/etc/resolv.conf
