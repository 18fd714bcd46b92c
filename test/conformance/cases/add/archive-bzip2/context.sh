mkdir w && echo x > w/x && tar --owner=0 --group=0 -cjf a.tbz -C w x && rm -r w
