mkdir -p w && echo x > w/x && tar --owner=0 --group=0 -P --transform 's,^,/abs/,' -cf a.tar -C w x && rm -r w
