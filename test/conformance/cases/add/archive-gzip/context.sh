mkdir w && echo x > w/x && tar --owner=0 --group=0 -czf a.tgz -C w x && rm -r w
