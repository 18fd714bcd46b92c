echo x > a && gzip -n a
