mkdir -p r/var/real && ln -s var/real r/etc && echo x > r/var/real/x
