SRC_USERMOD_C += $(USERMOD_DIR)/modws_native.c
