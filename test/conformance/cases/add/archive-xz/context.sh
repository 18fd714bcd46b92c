mkdir w && echo x > w/x && tar --owner=0 --group=0 -cJf a.txz -C w x && rm -r w
