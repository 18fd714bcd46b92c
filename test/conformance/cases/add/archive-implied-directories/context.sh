mkdir -p w/x/y && echo f > w/x/y/z && tar --owner=5 --group=6 -cf a.tar -C w x/y/z && rm -r w
