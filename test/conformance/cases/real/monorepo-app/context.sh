mkdir -p packages/a/node_modules/x
echo x > packages/a/node_modules/x/i.js
