mkdir -p w && echo f > w/x && tar --owner=0 --group=0 -cf a.tar -C w x && rm w/x && mkdir -p w/x/sub && echo new > w/x/sub/new && tar --owner=0 --group=0 -rf a.tar -C w x && rm -r w
