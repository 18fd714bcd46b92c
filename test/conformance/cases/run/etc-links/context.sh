mkdir etc
ln -s /run/systemd/resolve/stub-resolv.conf etc/resolv.conf
ln -s ../var/hosts etc/hosts
