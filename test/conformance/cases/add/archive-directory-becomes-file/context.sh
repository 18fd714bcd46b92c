mkdir -p w/x && echo y > w/x/y && tar --owner=0 --group=0 -cf a.tar -C w x/y && rm -r w/x && echo f > w/x && tar --owner=0 --group=0 -rf a.tar -C w x && rm -r w
