mkdir etc
ln -s /run/systemd/resolve/stub-resolv.conf etc/resolv.conf
