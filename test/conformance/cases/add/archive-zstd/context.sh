mkdir w && echo x > w/x && tar --owner=0 --group=0 --zstd -cf a.tzst -C w x && rm -r w
