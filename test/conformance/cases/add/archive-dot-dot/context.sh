mkdir -p w/d && echo x > w/x && tar --owner=0 --group=0 -P -cf a.tar -C w/d ../x && rm -r w
