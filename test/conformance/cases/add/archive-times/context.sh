mkdir -p w/d && echo x > w/d/x && touch -d @1234567 w/d/x && touch -d @7654321 w/d && tar --owner=0 --group=0 -cf a.tar -C w d && rm -r w
