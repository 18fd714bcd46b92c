mkdir -p r/usr/tmp && ln -s ../../../usr/tmp r/dev
